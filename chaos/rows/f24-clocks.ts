import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { services } from '../../sandbox/databases.ts';
import { root } from '../../sandbox/sandbox.ts';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const MINUTES = 10;
const FILMS = 3;
const preload = pathToFileURL(join(root, 'chaos', 'shifted-clock.ts')).href;

export const f24: Row = {
  id: 'F24',
  fault: `the clock of one service is ${MINUTES} minutes wrong; the database lives in another time zone`,
  system: {
    appEnv: Object.fromEntries(
      services.map(service => [service, { NODE_OPTIONS: `--import ${preload}`, CHAOS_CLOCK: service }]),
    ),
  },
  tries: [
    ...services.flatMap(service => [
      { name: `${service} is late`, run: (scene: Scene) => wrong(scene, service, -MINUTES) },
      { name: `${service} is early`, run: (scene: Scene) => wrong(scene, service, MINUTES) },
    ]),
    { name: 'the database counts from another zone', run: otherZone },
  ],
};

async function wrong(scene: Scene, service: string, minutes: number) {
  const clock = join(scene.temporary, service);
  writeFileSync(clock, String(minutes * 60_000));
  await restart(scene, service);
  await scene.ended(await scene.someFilms(FILMS));
  rmSync(clock);
  await restart(scene, service);
}

async function restart(scene: Scene, service: string) {
  await scene.system.stopService(service);
  await scene.system.startService(service);
}

async function otherZone(scene: Scene) {
  await scene.sql('gateway', "set global time_zone = '+09:00'");
  // Connections that are made from now on begin in the new zone.
  scene.proxy('mariadb').cut();
  await scene.ended(await scene.someFilms(FILMS));
  await scene.sql('gateway', "set global time_zone = '+00:00'");
}
