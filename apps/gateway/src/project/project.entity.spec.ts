import { describe, expect, it } from '@jest/globals';
import { Project } from './project.entity.ts';

const deadline = new Date('2026-01-01T00:45:00Z');
const aProject = () =>
  Project.create({
    taskId: 'task',
    brief: { businessName: 'Sea Breeze Stay', region: 'Gangneung' },
    language: 'ko',
    music: { durationSeconds: 30 },
    video: { format: '9:16' },
  });

describe('Project', () => {
  it('begins without an order, and can be found by its business', () => {
    expect(aProject()).toMatchObject({ revision: 0, businessName: 'Sea Breeze Stay' });
  });

  it('given its images and a deadline, is a plan', () => {
    expect(aProject().plan(['image-1', 'image-2'], deadline)).toEqual({
      brief: { businessName: 'Sea Breeze Stay', region: 'Gangneung' },
      language: 'ko',
      music: { durationSeconds: 30 },
      video: { format: '9:16' },
      imageIds: ['image-1', 'image-2'],
      deadline: '2026-01-01T00:45:00.000Z',
    });
  });

  it('given the stage to stop after, says so in the plan', () => {
    expect(aProject().plan([], deadline, 'lyric')).toMatchObject({ stopAfter: 'lyric' });
  });

  it('given choices, counts them like orders, and keeps the latest of each stage', () => {
    const project = aProject();
    project.revision = 2;
    project.choose('lyric', { revision: 1 });
    expect(project).toMatchObject({ revision: 3, choices: { lyric: { revision: 1, at: 3 } } });
    project.choose('song', { revision: 2, trackId: 'b' });
    expect(project.choices).toEqual({ lyric: { revision: 1, at: 3 }, song: { revision: 2, trackId: 'b', at: 4 } });
  });
});
