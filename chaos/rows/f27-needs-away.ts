import { setTimeout as pause } from 'node:timers/promises';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const AWAY_MS = 5 * 60_000;
const FILMS = 10;
/** What is tried with back-off is tried again within a minute; the film goes on from there. */
const BACK_MS = 4 * 60_000;
const FORBIDDEN = [
  'HTTP/1.1 403 Forbidden',
  'x-ms-error-code: AuthenticationFailed',
  'content-length: 0',
  'connection: close',
  '',
  '',
].join('\r\n');

export const f27: Row = {
  id: 'F27',
  fault: 'what a film needs is away for five minutes',
  system: { appEnv: { gateway: { FILM_DEADLINE_MS: String(3 * AWAY_MS) } } },
  tries: [
    {
      name: 'storage-service is stopped',
      run: scene =>
        away(
          scene,
          () => scene.system.stopService('storage-service'),
          () => scene.system.startService('storage-service'),
        ),
    },
    {
      name: 'the model answers 503',
      run: scene =>
        away(
          scene,
          () => scene.studio.fault('openai', { endpoint: '*', kind: 'status', status: 503 }),
          () => scene.studio.calm(),
        ),
    },
    {
      name: 'Azure answers 403',
      run: scene =>
        away(
          scene,
          async () => scene.proxy('azurite').answer(FORBIDDEN),
          () => scene.proxy('azurite').pass(),
        ),
    },
  ],
};

/** Films are ordered before and while it lasts; each of them is finished afterwards. */
async function away(scene: Scene, harm: () => Promise<unknown>, mend: () => Promise<unknown>) {
  const before = await scene.someFilms(FILMS);
  await harm();
  const meanwhile = await scene.someFilms(FILMS);
  await pause(AWAY_MS);
  await mend();
  await scene.ended([...before, ...meanwhile], BACK_MS);
}
