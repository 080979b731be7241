const QUOTES = {
  monday: "Begin where you are",
  friday: "Well done is better than well said",
} as const;

export type Day = keyof typeof QUOTES;

export function quoteOf(day: Day): string | undefined {
  return QUOTES[day];
}
