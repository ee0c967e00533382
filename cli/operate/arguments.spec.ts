import { describe, expect, it } from '@jest/globals';
import { parse, serviceNamed, taskNamed, timeNamed, topicNamed, typesNamed } from './arguments.ts';
import { WrongUse } from './wrong-use.ts';

const said = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof WrongUse) return error.message;
    throw error;
  }
  return 'nothing';
};

describe('what an operator asks for', () => {
  it('names services, topics, messages, tasks and times', () => {
    expect(serviceNamed('song-service', 'usage')).toBe('song-service');
    expect(topicNamed('castad.song.events')).toBe('castad.song.events');
    expect(typesNamed('SongReady')).toEqual(['SongReady.v1']);
    expect(typesNamed('SongReady.v1')).toEqual(['SongReady.v1']);
    expect(taskNamed(undefined)).toBeUndefined();
    expect(timeNamed('2026-01-31T12:00:00Z')).toEqual(new Date(Date.UTC(2026, 0, 31, 12)));
  });

  it('is refused with what would make sense', () => {
    expect(said(() => parse(['--fast'], 'replay --to <service>', {}))).toMatch(
      /'--fast'[^]*What to do: replay --to <service>$/,
    );
    expect(said(() => serviceNamed('radio-service', 'usage'))).toBe(
      'There is no service radio-service.\n\nWhat to do: usage',
    );
    expect(said(() => serviceNamed(undefined, 'usage'))).toContain('The service is missing.');
    expect(said(() => topicNamed('castad.radio'))).toMatch(/What to do: one of castad\.task\.commands, /);
    expect(said(() => typesNamed('Song'))).toMatch(/What to do: one of GenerateLyric\.v1, /);
    expect(said(() => taskNamed('first'))).toContain('first is not the id of a task.');
    expect(said(() => timeNamed('12:00'))).toContain('What to do: as in 2026-01-31T12:00:00Z.');
  });
});
