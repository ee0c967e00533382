import type { Stage as StageName } from '@castad/contracts';
import { aLyric, aTrack } from '@castad/testing';
import { describe, expect, it } from '@jest/globals';
import type { Choices } from './project.entity.ts';
import { Results } from './results.ts';
import { Stage, type StageInput } from '../projection/stage.entity.ts';

const song = {
  title: 'Sea Breeze',
  tracks: [aTrack({ trackId: 'a' }), aTrack({ trackId: 'b' })],
  chosenTrackId: 'a',
};
const film = { format: '9:16' as const, durationSeconds: 10 };
const stored = (...names: string[]) =>
  names.map(name => ({ name, path: name, contentType: 'audio/mpeg', size: 1, sha256: 'a'.repeat(64) }));
const outputs = { lyric: aLyric(), song, video: film };
const done = (name: StageName, revision: number, input?: StageInput) =>
  Object.assign(Stage.of('task', name, revision), { input, output: outputs[name], files: stored('a', 'b') });
const begun = (name: StageName, revision: number) =>
  Object.assign(Stage.of('task', name, revision), { startedAt: new Date() });
const results = (stages: Stage[], choices?: Choices, imageIds?: string[]) =>
  new Results({ choices, video: { format: '9:16' } }, stages, imageIds);

const first = [done('lyric', 1), done('song', 1, { revision: 1 }), done('video', 1, { revision: 1, trackId: 'a' })];
const staleness = (of: Results) =>
  (['lyric', 'song', 'video'] as const).map(name => of.isStale(of.current(name) as Stage));

describe('the results of a project', () => {
  it('are the newest that are done, whatever is under way', () => {
    const of = results([...first, done('lyric', 2), begun('lyric', 3)]);
    expect([of.current('lyric')?.revision, of.attempts('lyric').map(({ revision }) => revision)]).toEqual([
      2,
      [3, 2, 1],
    ]);
    expect(results([begun('song', 1)]).current('song')).toBeUndefined();
  });

  it('are as they were chosen, until a newer one is made', () => {
    const stages = [...first, done('lyric', 2)];
    const choices = { lyric: { revision: 1, at: 3 } };
    expect(results(stages, choices).current('lyric')?.revision).toBe(1);
    expect(results([...stages, begun('lyric', 4)], choices).current('lyric')?.revision).toBe(1);
    expect(results([...stages, done('lyric', 4)], choices).current('lyric')?.revision).toBe(4);
  });

  it('are fresh when each is made of the one before', () => {
    expect(staleness(results(first))).toEqual([false, false, false]);
  });

  it('go stale, all the way down, when what they are made of counts no more', () => {
    expect(staleness(results([...first, done('lyric', 2)]))).toEqual([false, true, true]);
    expect(staleness(results([...first, done('song', 2, { revision: 1 })]))).toEqual([false, false, true]);
    expect(staleness(results(first, { song: { revision: 1, trackId: 'b', at: 2 } }))).toEqual([false, false, true]);
  });

  describe('of which there are drafts', () => {
    const another = { ...aLyric(), title: 'Another' };
    const lyric = Object.assign(done('lyric', 1), { output: { ...aLyric(), drafts: [aLyric(), another] } });
    const chosen = { lyric: { revision: 1, draft: 2, at: 2 } };
    const words = (of: Results) => of.wordsOf(of.current('lyric') as Stage);

    it('are the first one until another is chosen', () => {
      expect(words(results([lyric]))).toEqual(aLyric());
      expect(words(results([lyric], chosen))).toEqual(another);
      expect(words(results([lyric, done('lyric', 3)], chosen))).toEqual(aLyric());
    });

    it('make a song of another one stale', () => {
      const isStale = (input: StageInput, choices?: Choices) => {
        const sung = done('song', 1, input);
        return results([lyric, sung], choices).isStale(sung);
      };
      expect([isStale({ revision: 1 }), isStale({ revision: 1, draft: 2 })]).toEqual([false, true]);
      expect([isStale({ revision: 1 }, chosen), isStale({ revision: 1, draft: 2 }, chosen)]).toEqual([true, false]);
    });
  });

  it('are fresh when the chosen track was lost and the film was made of the other', () => {
    const [lyric, whole, video] = first as [Stage, Stage, Stage];
    const halved = Object.assign(Stage.of('task', 'song', 1), { ...whole, files: stored('b') });
    const of = results([lyric, halved, video]);
    expect([of.trackOf(halved), staleness(of)]).toEqual(['b', [false, false, false]]);
    expect(of.firstUndone()).toBeUndefined();
  });

  it('go stale with the photos: another one, one less, another order', () => {
    const film = done('video', 1, { revision: 1, trackId: 'a', imageIds: ['x', 'y'] });
    const stages = [...first.slice(0, 2), film];
    const isStale = (imageIds?: string[]) => results(stages, undefined, imageIds).isStale(film);
    expect([['x', 'y'], ['y', 'x'], ['x'], ['x', 'y', 'z'], undefined].map(isStale)).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(results(stages, undefined, ['z']).firstUndone()).toBe('video');
    expect(results(first, undefined, ['z']).firstUndone()).toBeUndefined();
  });

  it('go stale when what they were made of was edited since, and what is made of them with them', () => {
    const isStale = (edits: object, stages = first) =>
      staleness(new Results({ choices: null, video: film, edits }, stages));
    expect(isStale({ video: 2 })).toEqual([false, false, true]);
    expect(isStale({ song: 2 })).toEqual([false, true, true]);
    expect(isStale({ lyric: 2, video: 2 })).toEqual([true, true, true]);
    expect(isStale({ lyric: 2 }, [...first, done('lyric', 3)])).toEqual([false, true, true]);
  });

  it('of the client’s own words do not go stale by an edit', () => {
    const own = done('lyric', 1, { revision: 0, isOwn: true });
    const of = new Results({ choices: null, video: film, edits: { lyric: 2, video: 2 } }, [own, ...first.slice(1)]);
    expect(staleness(of)).toEqual([false, false, true]);
  });

  it('are fresh again when what they are made of is chosen again', () => {
    const stages = [...first, done('lyric', 2), done('song', 2, { revision: 2 })];
    expect(staleness(results(stages))).toEqual([false, false, true]);
    const chosen = { lyric: { revision: 1, at: 3 }, song: { revision: 1, at: 4 } };
    expect(staleness(results(stages, chosen))).toEqual([false, false, false]);
  });

  it('know the track that counts: the chosen one of this very song', () => {
    const of = results(first, { song: { revision: 1, trackId: 'b', at: 2 } });
    expect(of.trackOf(first[1] as Stage)).toBe('b');
    expect(of.trackOf(done('song', 2))).toBe('a');
  });

  it('count the track that was stored when the one the composer put first was not', () => {
    const halfStored = Object.assign(done('song', 1), { files: stored('b') });
    expect(results([halfStored]).trackOf(halfStored)).toBe('b');
  });

  it('say where there is something to do', () => {
    expect(results([]).firstUndone()).toBe('lyric');
    expect(results(first.slice(0, 1)).firstUndone()).toBe('song');
    expect(results([...first, done('lyric', 2)]).firstUndone()).toBe('song');
    expect(results(first).firstUndone()).toBeUndefined();
  });
});
