import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Runs the work under a lock file, one process at a time. A lock whose owner has died is void. */
export async function locked(file, waiting, work) {
  mkdirSync(dirname(file), { recursive: true });
  for (let isSaid = false; !take(file); isSaid = true) {
    if (!isSaid) console.log(waiting);
    await pause(200);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (isOwned(file)) return false;
    rmSync(file, { force: true });
    return take(file);
  }
}

function isOwned(file) {
  try {
    // An empty file is one that is being written.
    return process.kill(Number(readFileSync(file, 'utf8')) || process.pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
