import { aLyric, aTrack } from '@castad/testing';
import { describe, expect, it } from '@jest/globals';
import { Stage, type StageNews } from './stage.entity.ts';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const song = { title: 'Sea Breeze', tracks: [aTrack()], chosenTrackId: 'track-1' };
const files = [
  {
    name: 'track-1',
    path: 'task/1/song/tracks/track-1.mp3',
    contentType: 'audio/mpeg',
    size: 100,
    sha256: 'a'.repeat(64),
  },
];
const error = { code: 'SUNO_GENERATION_FAILED', reason: 'Suno could not compose the song.', retryable: true };

type Step = (stage: Stage) => void;
const begun =
  (revision: number, time: Date): Step =>
  stage =>
    stage.begun(revision, time);
const learned =
  (news: StageNews): Step =>
  stage =>
    stage.learned(news);

const after = (name: 'lyric' | 'song' | 'video', ...steps: Step[]) => {
  const stage = Stage.of('task', name);
  for (const step of steps) step(stage);
  return stage;
};

const permutations = <T>(items: T[]): T[][] =>
  items.length < 2
    ? [items]
    : items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map(others => [item, ...others]));

describe('Stage', () => {
  it('given nothing, is pending', () => {
    expect(after('song').status()).toBe('pending');
  });

  it('given its beginning, is running since then', () => {
    const stage = after('song', begun(1, at(5)));
    expect(stage.status()).toBe('running');
    expect(stage).toMatchObject({ revision: 1, startedAt: at(5) });
  });

  it('given a lyric, is completed', () => {
    const stage = after('lyric', begun(1, at(0)), learned({ revision: 1, time: at(3), output: aLyric() }));
    expect(stage.status()).toBe('completed');
    expect(stage.isOver()).toBe(true);
    expect(stage.endedAt).toEqual(at(3));
  });

  it.each(['song', 'video'] as const)('given a %s, is completed only when its files are ours', name => {
    const made = [begun(1, at(0)), learned({ revision: 1, time: at(1), output: song })];
    expect(after(name, ...made).status()).toBe('running');
    expect(after(name, ...made).isOver()).toBe(false);
    expect(after(name, ...made, learned({ revision: 1, time: at(2), files })).status()).toBe('completed');
  });

  it('given files before the song they are of, is still running', () => {
    expect(after('song', begun(1, at(0)), learned({ revision: 1, time: at(2), files })).status()).toBe('running');
  });

  it('given an error, has failed', () => {
    const stage = after('song', begun(1, at(0)), learned({ revision: 1, time: at(4), error }));
    expect(stage.status()).toBe('failed');
    expect(stage).toMatchObject({ error, endedAt: at(4) });
  });

  it('given a newer order, forgets what the older one made', () => {
    const stage = after(
      'song',
      begun(1, at(0)),
      learned({ revision: 1, time: at(1), output: song }),
      learned({ revision: 1, time: at(2), files }),
      begun(2, at(9)),
    );
    expect(stage.status()).toBe('running');
    expect(stage).toMatchObject({
      revision: 2,
      output: null,
      files: null,
      error: null,
      startedAt: at(9),
      endedAt: null,
    });
  });

  it('given late news of an older order, does not change', () => {
    const steps = [begun(2, at(9)), learned({ revision: 2, time: at(10), output: song })];
    const late = [
      begun(1, at(0)),
      learned({ revision: 1, time: at(20), error }),
      learned({ revision: 1, time: at(20), files }),
    ];
    expect(after('song', ...steps, ...late)).toEqual(after('song', ...steps));
  });

  it('is the same in whatever order the news of two orders arrive, and however often', () => {
    const news = [
      begun(1, at(0)),
      learned({ revision: 1, time: at(1), error }),
      begun(2, at(5)),
      learned({ revision: 2, time: at(7), output: song }),
      learned({ revision: 2, time: at(8), files }),
    ];
    const inOrder = after('song', ...news);
    expect(inOrder).toMatchObject({ revision: 2, output: song, files, startedAt: at(5), endedAt: at(8) });
    for (const shuffled of permutations(news)) {
      expect(after('song', ...shuffled)).toEqual(inOrder);
      expect(after('song', ...shuffled, ...shuffled)).toEqual(inOrder);
    }
  });
});
