"""What medicine derives from the record before grading; each one small, cited and tested."""
