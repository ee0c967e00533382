import { aLyric, aTrack } from '@castad/testing';
import { describe, expect, it } from '@jest/globals';
import { CANCELLED, Stage, type StageError, type StageNews } from './stage.entity.ts';

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
  (time: Date): Step =>
  stage =>
    stage.begun(time);
const learned =
  (news: StageNews): Step =>
  stage =>
    stage.learned(news);

const after = (name: 'lyric' | 'song' | 'video', ...steps: Step[]) => {
  const stage = Stage.of('task', name, 1);
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
    const stage = after('song', begun(at(5)));
    expect(stage.status()).toBe('running');
    expect(stage).toMatchObject({ revision: 1, startedAt: at(5) });
  });

  it('given a lyric, is completed', () => {
    const stage = after('lyric', begun(at(0)), learned({ time: at(3), output: aLyric() }));
    expect(stage.status()).toBe('completed');
    expect(stage.isOver()).toBe(true);
    expect(stage.endedAt).toEqual(at(3));
  });

  it.each(['song', 'video'] as const)('given a %s, is completed only when its files are ours', name => {
    const made = [begun(at(0)), learned({ time: at(1), output: song })];
    expect(after(name, ...made).status()).toBe('running');
    expect(after(name, ...made).isOver()).toBe(false);
    expect(after(name, ...made, learned({ time: at(2), files })).status()).toBe('completed');
  });

  it('given files before the song they are of, is still running', () => {
    expect(after('song', begun(at(0)), learned({ time: at(2), files })).status()).toBe('running');
  });

  it('given an error, has failed', () => {
    const stage = after('song', begun(at(0)), learned({ time: at(4), error }));
    expect(stage.status()).toBe('failed');
    expect(stage).toMatchObject({ error, endedAt: at(4) });
  });

  it('given a result after its error, is completed', () => {
    const late = [
      learned({ time: at(1), error }),
      learned({ time: at(2), output: song }),
      learned({ time: at(3), files }),
    ];
    expect(after('song', begun(at(0)), ...late).status()).toBe('completed');
  });

  it('given the end of its order, has ended with it', () => {
    const ended = (reason: StageError) => after('song', begun(at(0)), stage => stage.ended(at(4), reason));
    expect(ended(CANCELLED).status()).toBe('cancelled');
    expect(ended({ ...error, code: 'STAGE_TIMEOUT' })).toMatchObject({
      error: { code: 'STAGE_TIMEOUT' },
      endedAt: at(4),
    });
  });

  const suspended = { code: 'SUNO_CREDITS_EXHAUSTED', reason: 'Waiting for the provider.', detail: '429' };
  const delayed: Step = stage => stage.waits(at(6), suspended);

  it('given a delay, waits for what it says until it goes on or ends', () => {
    expect(after('song', begun(at(0)), delayed).waitsFor()).toEqual({ since: at(6).toISOString(), ...suspended });
    expect(after('song', begun(at(0)), delayed, stage => stage.waits(at(7))).waitsFor()).toBeUndefined();
    expect(after('song', begun(at(0)), delayed, learned({ time: at(7), error })).waitsFor()).toBeUndefined();
  });

  it.each([
    ['what it made', [learned({ time: at(7), output: song }), learned({ time: at(8), files })], 8],
    [
      'a delay that is over, and what it made',
      [delayed, stage => stage.waits(at(7)), learned({ time: at(8), error })],
      8,
    ],
    ['its failure, and its order ends', [learned({ time: at(7), error }), stage => stage.ended(at(9), CANCELLED)], 9],
  ] as [string, Step[], number][])(
    'is the same in whatever order it hears of %s, and however often',
    (_, news, end) => {
      const inOrder = after('song', begun(at(5)), ...news);
      expect(inOrder).toMatchObject({ startedAt: at(5), endedAt: at(end) });
      for (const shuffled of permutations([begun(at(5)), ...news])) {
        expect(after('song', ...shuffled)).toEqual(inOrder);
        expect(after('song', ...shuffled, ...shuffled)).toEqual(inOrder);
      }
    },
  );
});
