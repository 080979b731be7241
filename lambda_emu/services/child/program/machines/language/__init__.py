"""Amazon States Language as moto's interpreter carries it out, with what is replaced in it. Keeps nothing."""
