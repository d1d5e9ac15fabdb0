// Two qubits, entangled: they are measured as 00 or as 11, each half of the time.
//   qamctl solve problems/circuit-bell.qasm
//   qamctl solve problems/circuit-bell.qasm --backend statevector --backend qir --shots 200
OPENQASM 3;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
h q[0];
cx q[0], q[1];
c = measure q;
