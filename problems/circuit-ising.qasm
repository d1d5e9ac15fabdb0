// Two layers for a chain of four spins; circuit-ising.yaml gives the angles.
OPENQASM 3;
include "stdgates.inc";
input float gamma0;
input float beta0;
input float gamma1;
input float beta1;
gate zz(angle_) a, b { cx a, b; rz(angle_) b; cx a, b; }
qubit[4] q;
bit[4] c;
h q;
zz(-2 * gamma0) q[0], q[1];
zz(-2 * gamma0) q[1], q[2];
zz(-2 * gamma0) q[2], q[3];
rx(-2 * beta0) q;
zz(-2 * gamma1) q[0], q[1];
zz(-2 * gamma1) q[1], q[2];
zz(-2 * gamma1) q[2], q[3];
rx(-2 * beta1) q;
c = measure q;
