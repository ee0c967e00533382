import { InvalidShape } from '@castad/platform';
import { MAX_KEYS } from '../input/metadata.ts';
import type { VideoPlan } from '@castad/contracts';
import type { PatchProjectDto, VideoPatch } from './patch.dto.ts';
import { type VideoDto, videoPlanOf } from './project.dto.ts';
import type { Labels, Material, Metadata, Project } from './project.entity.ts';

/** What the project is to be made of. */
export function patchedMaterial(project: Project, patch: PatchProjectDto): Material {
  const { businessName, region, description, language, music, video } = patch;
  return {
    // An empty description is none.
    brief: merged(project.brief, { businessName, region, description: description === '' ? null : description }),
    language: language ?? project.language,
    music: merged(project.music, music),
    video: patchedVideo(project.video, video),
  };
}

/** A format that is given alone is the only one. */
function patchedVideo(before: VideoPlan, patch: VideoPatch = {}): VideoPlan {
  const { format, formats, template } = merged<VideoDto>(before, patch);
  const isAlone = patch.format && !patch.formats;
  return videoPlanOf({
    format: patch.formats ? patch.formats[0] : format,
    formats: isAlone ? undefined : formats,
    template,
  });
}

/** The client's own notes that the patch names. @throws InvalidShape */
export function patchedLabels(project: Project, { externalId, metadata }: PatchProjectDto): Labels {
  return {
    ...(externalId !== undefined && { externalId }),
    ...(metadata !== undefined && { metadata: patchedMetadata(project.metadata ?? {}, metadata) }),
  };
}

function patchedMetadata(metadata: Metadata, patch: Record<string, string | null> | null): Metadata | null {
  if (!patch) return null;
  const all = merged<Metadata>(metadata, patch);
  const count = Object.keys(all).length;
  const detail = `metadata must hold at most ${MAX_KEYS} keys and would hold ${count}`;
  if (count > MAX_KEYS) throw new InvalidShape([{ path: ['metadata'], detail }]);
  return count > 0 ? all : null;
}

/** RFC 7396, of one level: undefined says nothing, null takes away. */
const merged = <T extends object>(target: T, patch: { [K in keyof T]?: T[K] | null } = {}): T =>
  Object.fromEntries(
    Object.entries({ ...target, ...said(patch) }).filter(([, value]) => value !== null && value !== undefined),
  ) as T;

const said = (patch: object): object =>
  Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
