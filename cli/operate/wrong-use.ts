import { Failure } from '../../sandbox/failure.ts';

/** What was asked for makes no sense; says what would. */
export class WrongUse extends Failure {
  constructor(what: string, next: string) {
    super(what, { next });
  }
}
