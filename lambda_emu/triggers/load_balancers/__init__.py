"""Application Load Balancers whose targets are functions: requests in, rules, events, answers out."""
