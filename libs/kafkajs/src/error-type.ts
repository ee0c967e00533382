/** Whether an error, or what caused it, is one of the broker's, by the names that kafkajs gives them (`type`). */
export function isOfType(thrown: unknown, types: ReadonlySet<string>): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause)
    if (types.has((error as { type?: string }).type ?? '')) return true;
  return false;
}
