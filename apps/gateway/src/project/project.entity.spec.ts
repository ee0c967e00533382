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

  it('given another brief, remembers by which revision the material of each stage was edited', () => {
    const project = aProject();
    project.revision = 3;
    const { brief, language, music, video } = project;
    project.edit({ brief, language, music: { ...music, style: 'pop' }, video });
    expect(project).toMatchObject({ revision: 4, edits: { lyric: 4, song: 4 }, music: { style: 'pop' } });
    project.edit({ brief: { ...brief, businessName: 'Other' }, language, music: project.music, video });
    expect(project).toMatchObject({ revision: 5, businessName: 'Other', edits: { lyric: 5, song: 4, video: 5 } });
  });

  it('given the same brief, or another one before anything was ordered, stays at its revision', () => {
    const project = aProject();
    const { brief, language, music, video } = project;
    project.edit({ brief: { ...brief, region: 'Sokcho' }, language, music, video });
    expect(project).toMatchObject({ revision: 0, version: 1, brief: { region: 'Sokcho' } });
    expect(project.edits).toBeUndefined();
    project.revision = 1;
    project.edit({ brief: { region: 'Sokcho', businessName: 'Sea Breeze Stay' }, language, music, video });
    expect(project).toMatchObject({ revision: 1, version: 1 });
  });

  it('given labels, changes by what differs alone', () => {
    const project = aProject();
    project.label({ externalId: 'a', metadata: { a: '1' } });
    project.label({ externalId: 'a' });
    project.label({});
    expect(project).toMatchObject({ version: 1, revision: 0, externalId: 'a', metadata: { a: '1' } });
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
