"""What a template says in its language: data with lines, functions, parameters, conditions, rules. Makes nothing."""
