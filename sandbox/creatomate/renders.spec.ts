import { afterEach, describe, expect, it } from '@jest/globals';
import type { Call } from '../stand-in/call.ts';
import { Callbacks } from '../stand-in/callbacks.ts';
import { Clock } from '../stand-in/clock.ts';
import { Renders } from './renders.ts';
import { isRefusal, understand } from './request.ts';

describe('Renders', () => {
  const clock = new Clock(0);
  const callbacks = new Callbacks(clock, false);
  afterEach(() => callbacks.close());

  it('keeps the newest films, and what became of every render', async () => {
    const studio = {
      keptFilms: 2,
      film: async () => ({ mp4: Buffer.from('mp4'), jpg: Buffer.from('jpg') }),
      clear() {},
    };
    const renders = new Renders(clock, callbacks, studio);
    const request = understand({ elements: [], width: 720, height: 1280 });
    if (isRefusal(request)) throw new Error(request.hint);
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      const call = { origin: 'http://here', faults: [{ kind: 'callbacks-early' }] } as unknown as Call;
      ids.push((await renders.submit(call, request)).id);
    }
    expect(ids.map(id => renders.filmOf(id)?.mp4.toString())).toEqual([undefined, 'mp4', 'mp4']);
    expect(ids.map(id => renders.find(id)?.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(renders.all().some(render => 'source' in render.request)).toBe(false);
  });
});
