import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Loaded before a service: its clock is wrong by as many milliseconds as its file says when it starts.
const file = join(tmpdir(), process.env.CHAOS_CLOCK as string);
const shiftMs = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
const Right = Date;

class Shifted extends Right {
  constructor(...given: ConstructorParameters<typeof Date> | []) {
    super(...((given.length > 0 ? given : [Shifted.now()]) as [number]));
  }

  static override now(): number {
    return Right.now() + shiftMs;
  }
}

globalThis.Date = Shifted as DateConstructor;
