import { aPlan, aRenderSucceeded, aSongReady, aTrack } from '@castad/testing';
import { AssetStored, type StoredFile } from '@castad/contracts';
import { describe, expect, it } from '@jest/globals';
import { Asset } from './asset.entity.ts';

const cause = { messageId: '01990000-0000-7000-8000-000000000001', traceparent: '00-a-b-01' };
const stored = (name: string): StoredFile => ({
  name,
  path: `x/${name}`,
  contentType: 'audio/mpeg',
  size: 1,
  sha256: 'a'.repeat(64),
});

describe('Asset', () => {
  it('of a song is all its tracks, of which only the chosen one is needed', () => {
    const plan = aPlan();
    const tracks = ['a', 'b'].map(trackId => aTrack({ trackId, url: `http://host/${trackId}` }));
    const asset = Asset.ofSong(aSongReady({ revision: 4, plan, tracks, chosenTrackId: 'b' }), cause);
    expect(asset).toMatchObject({
      revision: 4,
      kind: 'song',
      ref: 'tracks',
      status: 'ordered',
      deadline: new Date(plan.deadline),
      causeId: cause.messageId,
      sources: [
        { name: 'a', url: 'http://host/a', optional: true },
        { name: 'b', url: 'http://host/b', optional: false },
      ],
    });
  });

  it('of a render is the film, and a poster if there is one', () => {
    const names = (event: Partial<Parameters<typeof aRenderSucceeded>[0]>) =>
      Asset.ofRender(aRenderSucceeded(event), cause).sources.map(({ name }) => name);
    expect(names({ format: '16:9' })).toEqual(['film', 'poster']);
    expect(names({ posterUrl: undefined })).toEqual(['film']);
  });

  it('goes on with what is missing', () => {
    const asset = Asset.ofRender(aRenderSucceeded(), cause);
    asset.troubled('SOURCE_UNAVAILABLE', 'Later.', [stored('film')]);
    expect(asset).toMatchObject({ status: 'ordered', tries: 1, errorCode: 'SOURCE_UNAVAILABLE' });
    expect(asset.missing().map(({ name }) => name)).toEqual(['poster']);
  });

  it('announces its files once stored', () => {
    const asset = Asset.ofSong(aSongReady(), cause);
    const { taskId, revision } = asset;
    const event = asset.stored([stored('track-1')]);
    expect(asset).toMatchObject({ status: 'done', dueAt: null });
    expect(event).toBeInstanceOf(AssetStored);
    expect(event).toEqual({ taskId, revision, kind: 'song', ref: 'tracks', files: [stored('track-1')] });
  });

  it('that was uploaded is stored from the beginning, under no order', () => {
    const asset = Asset.uploaded('task', 'image', stored('photo'));
    expect(asset).toMatchObject({ revision: 0, kind: 'image', ref: 'image', status: 'done', dueAt: null });
    expect(asset.files).toEqual([stored('photo')]);
  });
});
