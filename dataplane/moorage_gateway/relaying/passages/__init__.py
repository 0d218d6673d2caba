"""What happens to an answer's body on its way, one file per kind of answer."""
