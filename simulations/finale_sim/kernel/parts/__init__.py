"""What stands in for parts of trio in a trial: order where trio has none, and control where it has its own."""
