import { InboxRow, MessagingModule, OutboxRow } from '@castad/messaging';
import { PlatformModule } from '@castad/platform';
import { Module } from '@nestjs/common';
import { CallbackIntake } from './callback/callback.intake.ts';
import { ErrorController } from './error/error.controller.ts';
import { GatewayConfig } from './gateway.config.ts';
import { DeletionService } from './deletion/deletion.service.ts';
import { RecentFilms } from './estimate/recent-films.ts';
import { EventFeed } from './live/event-feed.ts';
import { HistoryService } from './live/history.service.ts';
import { Latecomers } from './live/latecomers.ts';
import { LiveController } from './live/live.controller.ts';
import { ChoiceService } from './order/choice.service.ts';
import { IdempotencyKey } from './idempotency/idempotency-key.entity.ts';
import { Idempotency } from './idempotency/idempotency.ts';
import { Image } from './image/image.entity.ts';
import { ImageController } from './image/image.controller.ts';
import { ImageService } from './image/image.service.ts';
import { Uploads } from './image/uploads.ts';
import { Order } from './order/order.entity.ts';
import { OrderController } from './order/order.controller.ts';
import { OrdersController } from './order/orders.controller.ts';
import { OrdersService } from './order/orders.service.ts';
import { OrderService } from './order/order.service.ts';
import { OverdueOrders } from './order/overdue-orders.ts';
import { ProjectController } from './project/project.controller.ts';
import { Project } from './project/project.entity.ts';
import { ProjectionHandlers } from './projection/projection.handlers.ts';
import { ProjectService } from './project/project.service.ts';
import { Projection } from './projection/projection.ts';
import { LegacyController } from './legacy/legacy.controller.ts';
import { LegacyOrders } from './legacy/legacy.orders.ts';
import { LegacyService } from './legacy/legacy.service.ts';
import { CaptionController } from './result/caption.controller.ts';
import { CaptionService } from './result/caption.service.ts';
import { ResultController } from './result/result.controller.ts';
import { ResultLinks } from './result/result-links.ts';
import { ResultLists } from './result/result-lists.ts';
import { Stage } from './projection/stage.entity.ts';
import { TaskEvent } from './projection/task-event.entity.ts';
import { FileLinks } from './storage/file-links.ts';
import { StorageClient } from './storage/storage.client.ts';
import { TemplateController } from './template/template.controller.ts';
import { TemplateClient } from './template/template.client.ts';
import { Templates } from './template/templates.ts';

const service = 'gateway';
const entities = [Project, Image, Order, Stage, TaskEvent, IdempotencyKey, InboxRow, OutboxRow];

@Module({
  imports: [
    PlatformModule.forService({ service, config: GatewayConfig, entities }),
    MessagingModule.forService(service),
  ],
  controllers: [
    ProjectController,
    ImageController,
    OrderController,
    OrdersController,
    ResultController,
    CaptionController,
    LegacyController,
    LiveController,
    TemplateController,
    ErrorController,
    ProjectionHandlers,
  ],
  providers: [
    Idempotency,
    ProjectService,
    DeletionService,
    OrderService,
    OrdersService,
    ChoiceService,
    ImageService,
    Uploads,
    Projection,
    OverdueOrders,
    StorageClient,
    FileLinks,
    ResultLinks,
    ResultLists,
    CaptionService,
    LegacyOrders,
    LegacyService,
    TemplateClient,
    Templates,
    EventFeed,
    HistoryService,
    Latecomers,
    CallbackIntake,
    RecentFilms,
  ],
})
export class GatewayModule {}
