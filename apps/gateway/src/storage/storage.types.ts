/** storage-service's internal API. */
export interface UploadedImage {
  imageId: string;
  contentType: string;
  size: number;
}

export interface LinkRequest {
  revision: number;
  kind: 'image' | 'song' | 'video';
  ref: string;
  name?: string;
}

export interface Links {
  links: (LinkRequest & { name: string; url: string; contentType: string; size: number })[];
  missing: LinkRequest[];
  failed: (LinkRequest & { code: string; reason: string })[];
}
