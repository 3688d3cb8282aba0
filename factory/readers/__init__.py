"""File bytes to text with marks, or a reasoned rejection; one file a format. The door is `read` in read.py."""
