/** What a step needs is not there yet: nothing went wrong, and it goes on later. */
export class NotYet<J = unknown> extends Error {
  constructor(
    readonly lookAgainMs: number,
    /** What the row is to remember of it. */
    readonly record?: (saved: J) => void,
  ) {
    super('not yet');
  }
}
