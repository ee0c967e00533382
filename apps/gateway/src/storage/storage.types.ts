/** storage-service's internal API. */
export interface UploadedImage {
  imageId: string;
  contentType: string;
  size: number;
  /** The hash of what was sent, which is not quite what is stored. */
  original?: string;
}

/** One file of an asset, or all of them. */
export interface LinkRequest {
  taskId: string;
  revision: number;
  kind: 'image' | 'song' | 'video';
  ref: string;
  name?: string;
  /** How the link offers the file. */
  contentDisposition?: string;
}

export interface Links {
  links: (LinkRequest & { name: string; url: string; contentType: string; size: number; expiresAt: string })[];
  missing: LinkRequest[];
  failed: (LinkRequest & { code: string; reason: string })[];
}
