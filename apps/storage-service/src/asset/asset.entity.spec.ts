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

  describe('with files that cannot be had', () => {
    const MINUTE = 60_000;
    const noon = new Date('2026-01-31T12:00:00.000Z');
    const later = (minutes: number) => new Date(noon.getTime() + minutes * MINUTE);
    const gone = { code: 'SOURCE_GONE', reason: 'It is not there.', detail: 'The host answered 404.' };
    const failing = { ...gone, since: noon.toISOString() };
    const final = { ...failing, code: 'SOURCE_NOT_PUBLIC', isFinal: true };
    const names = (asset: Asset, at = noon) => asset.open(at, MINUTE).map(({ name }) => name);
    const tracks = ['chosen', 'other'].map(trackId => aTrack({ trackId }));
    const aSong = () => Asset.ofSong(aSongReady({ tracks, chosenTrackId: 'chosen' }), cause);
    const aFilm = () => Asset.ofRender(aRenderSucceeded(), cause);

    it('goes on with what is missing', () => {
      const [asset, saved] = [aFilm(), aFilm()];
      asset.copied(stored('film'));
      asset.notCopied('poster', failing);
      expect(names(asset)).toEqual(['poster']);
      saved.troubled(asset, gone);
      expect(saved).toMatchObject({ status: 'ordered', tries: 1, errorCode: 'SOURCE_GONE', files: [stored('film')] });
      expect(names(saved)).toEqual(['poster']);
    });

    it('waits for an optional one only so long, counted from its first failure', () => {
      const asset = aFilm();
      asset.notCopied('film', failing);
      asset.notCopied('poster', failing);
      asset.notCopied('poster', { ...failing, since: later(0.9).toISOString() });
      expect(names(asset, later(0.9))).toEqual(['film', 'poster']);
      expect(names(asset, later(1))).toEqual(['film']);
      expect(names(asset, later(600))).toEqual(['film']);
    });

    it('waits on when the fault is ours', () => {
      const asset = aFilm();
      asset.notCopied('poster', { code: 'STORAGE_UNAVAILABLE', reason: 'Later.' });
      expect(names(asset, later(600))).toEqual(['film', 'poster']);
    });

    it('has nothing to wait for once the film is lost, and goes on with the other track once the chosen one is', () => {
      const [film, song] = [aFilm(), aSong()];
      film.notCopied('film', final);
      song.notCopied('chosen', final);
      expect(names(film)).toEqual([]);
      expect(names(song)).toEqual(['other']);
    });

    it('is stored without them, and says which and why', () => {
      const [film, song, copiedFilm, copiedSong] = [aFilm(), aSong(), aFilm(), aSong()];
      copiedFilm.copied(stored('film'));
      copiedFilm.notCopied('poster', failing);
      copiedSong.copied(stored('other'));
      copiedSong.notCopied('chosen', final);
      const { code, reason, detail } = final;
      expect(film.settled(copiedFilm)).toMatchObject({
        files: [stored('film')],
        missing: [{ name: 'poster', ...gone }],
      });
      expect(song.settled(copiedSong)).toMatchObject({ missing: [{ name: 'chosen', code, reason, detail }] });
      expect([film.status, song.status]).toEqual(['done', 'done']);
      expect([song.lost('chosen'), song.lost('other'), song.lost()]).toEqual([
        { code, reason, detail },
        undefined,
        undefined,
      ]);
    });

    it('fails without the film, or without any track, with the reason of the last try', () => {
      const [film, song, copiedFilm, copiedSong] = [aFilm(), aSong(), aFilm(), aSong()];
      copiedFilm.copied(stored('poster'));
      copiedFilm.notCopied('film', failing);
      copiedSong.notCopied('chosen', failing);
      expect(film.settled(copiedFilm)).toEqual(expect.objectContaining({ ...gone, retryable: true, kind: 'video' }));
      expect(song.settled(copiedSong)).toEqual(expect.objectContaining({ ...gone, retryable: true, kind: 'song' }));
      expect(film.lost('film')).toMatchObject({ code: gone.code, reason: gone.reason });
    });

    it('is known again from its announcement', () => {
      const copied = aFilm();
      copied.copied(stored('film'));
      copied.notCopied('poster', failing);
      const event = aFilm().settled(copied) as AssetStored;
      const told = Asset.told(event, cause);
      expect(told.stored(event.files)).toEqual(event);
    });
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
    const photo = { original: 'b'.repeat(64), etag: '"1"', width: 3, height: 2 };
    const asset = Asset.uploaded('task', 'image', stored('photo'), photo);
    expect(asset.photo).toEqual(photo);
    expect(asset).toMatchObject({ revision: 0, kind: 'image', ref: 'image', status: 'done', dueAt: null });
    expect(asset.files).toEqual([stored('photo')]);
  });
});
