import { ApiProperty } from '@nestjs/swagger';
import type { Estimate } from './estimate.ts';

/** Measured at the last 200 films; the same for all that have the same stages left. */
export class EstimateView {
  @ApiProperty({ format: 'date-time', description: 'Half of the recent films would have ended by then.' })
  expectedAt!: string;

  @ApiProperty({ format: 'date-time', description: 'Nine of ten recent films would have ended by then.' })
  latestAt!: string;
}

/** Nothing where there is none. */
export function estimateIn({ expectedAt, latestAt }: { [at in keyof Estimate]?: Date | null }): {
  estimate?: EstimateView;
} {
  if (!expectedAt || !latestAt) return {};
  return { estimate: { expectedAt: expectedAt.toISOString(), latestAt: latestAt.toISOString() } };
}
