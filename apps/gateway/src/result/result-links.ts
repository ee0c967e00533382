import { FILM, POSTER, PREVIEW, TRACKS } from '@castad/contracts';
import { Injectable } from '@nestjs/common';
import { extname } from 'node:path';
import type { FilmQuery, TrackQuery } from '../order/order.dto.ts';
import type { Project } from '../project/project.entity.ts';
import { ProjectService } from '../project/project.service.ts';
import type { Stage, VideoOutput } from '../projection/stage.entity.ts';
import { FileLinks, type Link, type NamedFile, type Terms } from '../storage/file-links.ts';
import { fileName } from '../storage/file-name.ts';

/** Links to what the stages made. */
@Injectable()
export class ResultLinks {
  constructor(
    private readonly projects: ProjectService,
    private readonly links: FileLinks,
  ) {}

  async song(taskId: string, { revision, trackId }: TrackQuery, terms: Terms): Promise<Link> {
    const { project, stage, results } = await this.projects.result(taskId, 'song', revision);
    return this.links.to(songFile(project, stage, trackId ?? results.trackOf(stage)), terms);
  }

  async film(taskId: string, { revision, format }: FilmQuery, terms: Terms, name = FILM): Promise<Link> {
    const step = name === PREVIEW ? 'preview' : 'video';
    const { project, stage } = await this.projects.result(taskId, step, revision, format);
    return this.links.to(filmFile(project, stage, name), terms);
  }
}

export function songFile({ taskId, businessName }: Project, stage: Stage, trackId: string): NamedFile {
  const { revision } = stage;
  const extension = extensionOf(stage, trackId, '.mp3');
  return {
    file: { taskId, revision, kind: 'song', ref: TRACKS, name: trackId },
    fileName: fileName(businessName, [revision], extension),
    fallback: fileName('song', [revision], extension),
  };
}

export function filmFile({ taskId, businessName }: Project, stage: Stage, name: string): NamedFile {
  const { revision } = stage;
  const { format } = stage.output as VideoOutput;
  const extension = extensionOf(stage, name, name === POSTER ? '.jpg' : '.mp4');
  const parts = name === PREVIEW ? [revision, format, PREVIEW] : [revision, format];
  return {
    file: { taskId, revision, kind: 'video', ref: format, name },
    fileName: fileName(businessName, parts, extension),
    fallback: fileName(name === POSTER ? 'poster' : 'video', parts, extension),
  };
}

const extensionOf = ({ files }: Stage, name: string, usual: string): string =>
  extname(files?.find(file => file.name === name)?.path ?? '') || usual;
