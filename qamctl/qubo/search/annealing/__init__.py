"""What the engine `anneal` is made of: anneals in a lane's turns, temperatures, a population, tempering, reads."""
