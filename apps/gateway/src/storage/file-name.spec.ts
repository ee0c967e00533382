import { describe, expect, it } from '@jest/globals';
import { contentDisposition, fileName } from './file-name.ts';

describe('the name of a file', () => {
  it.each([
    ['바다민박', [3, '9:16'], '.mp4', '바다민박-3-9x16.mp4'],
    ['Sea Breeze Stay', [1], '.mp3', 'Sea Breeze Stay-1.mp3'],
    ['a/b\\c:d*e?"f"<g>|h', [1], '.mp4', 'a b c d e f g h-1.mp4'],
    ['..\\..\\etc ', [1], '.mp4', 'etc-1.mp4'],
    ['evil\u202egpj\r\n', [1], '.exe', 'evil gpj-1.exe'],
    ['???', [2], '.jpg', 'castad-2.jpg'],
    ['🐟'.repeat(100), [1], '.mp4', `${'🐟'.repeat(80)}-1.mp4`],
  ])('of %j is one that can be saved', (business, parts, extension, expected) => {
    expect(fileName(business, parts, extension)).toBe(expected);
  });

  it('is told in any script, and to who reads ASCII alone', () => {
    expect(contentDisposition('바다-3.mp4', 'video-3.mp4')).toBe(
      `inline; filename=video-3.mp4; filename*=UTF-8''%EB%B0%94%EB%8B%A4-3.mp4`,
    );
    expect(contentDisposition('Café-1.mp3', 'song-1.mp3', true)).toBe(
      `attachment; filename=song-1.mp3; filename*=UTF-8''Caf%C3%A9-1.mp3`,
    );
    expect(contentDisposition('Sea Breeze-1.mp3', 'song-1.mp3')).toBe('inline; filename="Sea Breeze-1.mp3"');
    expect(contentDisposition('50%41.mp3', 'song-1.mp3')).toBe(
      `inline; filename=song-1.mp3; filename*=UTF-8''50%2541.mp3`,
    );
  });
});
