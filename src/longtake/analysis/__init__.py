"""What a clip does, and how well a continuation does it: arrays in, numbers out."""
