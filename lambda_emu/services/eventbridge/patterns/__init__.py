"""What rules want of events, and how those that want one are found among thousands."""
