// FuzzBodies
