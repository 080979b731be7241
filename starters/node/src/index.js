export const handler = async ({ name = "World" }) => {
  console.log("greeting", name);
  return { greeting: `Hello, ${name}` };
};
