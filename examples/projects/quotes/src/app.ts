import { quoteOf, type Day } from "./quotes";

interface Request {
  pathParameters: { day: string };
}

export const lambdaHandler = async (event: Request) => {
  const quote = quoteOf(event.pathParameters.day as Day);
  return { statusCode: quote ? 200 : 404, body: JSON.stringify({ quote: quote ?? null }) };
};
