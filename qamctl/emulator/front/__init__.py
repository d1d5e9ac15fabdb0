"""How the service is reached: sockets, the proxy with Azure's names, and what stands around them."""
