import { Failure } from '../../sandbox/failure.ts';

/** The command line is wrong; the message says what would be right. */
export class WrongUse extends Failure {
  constructor(what: string, next: string) {
    super(what, { next });
  }
}
