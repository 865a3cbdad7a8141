"""What we claim about speed, measured side by side with the same work written by hand."""
