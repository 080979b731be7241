interface Event {
  name?: string;
}

export const handler = async ({ name = "World" }: Event): Promise<{ greeting: string }> => {
  console.log("greeting", name);
  return { greeting: `Hello, ${name}` };
};
