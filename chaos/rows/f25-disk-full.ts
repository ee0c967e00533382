import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ManagedProcess } from '../../sandbox/managed-process.ts';
import type { PartName } from '../../sandbox/sandbox.ts';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const FULL_MS = 8_000;
const PER_SECOND = 2;

/** Megabytes that each needs to start, and some room. */
const disks: [part: PartName, megabytes: number][] = [
  ['azurite', 40],
  ['mariadb', 600],
  ['kafka', 200],
];

export const f25: Row = {
  id: 'F25',
  fault: 'the disk is full: under the files, the database, the broker',
  note: 'services write no temporary files: what they receive goes from stream to stream',
  skipped: canMount() ? undefined : 'small disks can be made by the administrator of a Linux machine alone',
  tries: disks.map(([part, megabytes]) => ({ name: part, run: scene => full(scene, part, megabytes) })),
};

/** Puts the part's data on a small disk, fills it under load, and makes room again. */
async function full(scene: Scene, part: PartName, megabytes: number) {
  const server = scene.part(part);
  const folder = scene.studio.sandbox.tree.data(part);
  const ballast = join(folder, 'ballast');
  await moved(server, folder, () => run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder));
  try {
    await scene.ended(await scene.someFilms(2));
    const taskIds = await scene.underLoad(PER_SECOND, async () => {
      fill(ballast);
      await pause(FULL_MS);
      rmSync(ballast);
    });
    await scene.recovers(taskIds, () => server.waitReady());
    await scene.atRest();
  } finally {
    rmSync(ballast, { force: true });
    await moved(server, folder, () => run('umount', folder));
  }
}

/** Carries the data of a stopped server over while the disk under it is changed. */
async function moved(server: ManagedProcess, folder: string, change: () => void) {
  const copy = `${folder}-copy`;
  await server.stop();
  run('cp', '-a', folder, copy);
  change();
  run('cp', '-a', `${copy}/.`, folder);
  rmSync(copy, { recursive: true });
  await server.start();
}

function fill(ballast: string) {
  const megabyte = Buffer.alloc(1024 * 1024);
  try {
    for (;;) writeFileSync(ballast, megabyte, { flag: 'a' });
  } catch {
    // Now it is full.
  }
}

function canMount(): boolean {
  try {
    run('unshare', '--mount', 'true');
    return true;
  } catch {
    return false;
  }
}

function run(command: string, ...args: string[]) {
  execFileSync(command, args, { stdio: 'pipe' });
}
