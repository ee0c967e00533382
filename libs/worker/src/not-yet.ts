/** What a step needs is not there yet: nothing went wrong, and it goes on later. */
export class NotYet extends Error {
  constructor(readonly lookAgainMs: number) {
    super('not yet');
  }
}
