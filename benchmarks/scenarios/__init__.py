"""What is measured; each file is one scenario with its story, its table and its goals."""
