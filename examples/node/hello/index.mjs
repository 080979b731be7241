// Greets: {"name": "Ada"} is answered by {"greeting": "Hello, Ada"}.
export const handler = async ({ name = "World" }) => ({ greeting: `Hello, ${name}` });
