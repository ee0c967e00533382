import { order } from './client.ts';
import type { Stage } from './stage.ts';
import type { Watcher } from './watcher.ts';

const SENDERS = 32;

/** Orders come as fast as they are accepted; the clock stops when the last film is completed. Seconds. */
export async function makeFilms({ system }: Stage, watcher: Watcher, films: number): Promise<number> {
  const began = performance.now();
  const taskIds: string[] = [];
  let left = films;
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      while (left-- > 0) taskIds.push(await order(system.gatewayUrl));
    }),
  );
  const ends = await Promise.all(taskIds.map(taskId => watcher.completed(taskId)));
  return (Math.max(...ends) - began) / 1000;
}

/** One film after the other: how long each took from its order, in milliseconds. */
export async function filmByFilm({ system }: Stage, watcher: Watcher, films: number, body?: string): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < films; i++) {
    const began = performance.now();
    times.push((await watcher.completed(await order(system.gatewayUrl, body))) - began);
  }
  return times;
}
