import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Revision, TaskId } from '../input/ids.ts';
import { ApiProblem } from '../openapi.ts';
import { OrderDetailView, OrderPage, OrdersQuery, ProjectOrdersQuery } from './orders.dto.ts';
import { OrdersService } from './orders.service.ts';

/** What has become of orders. */
@ApiTags('orders')
@Controller('v1')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Get('orders')
  @ApiOperation({ summary: 'The orders of all projects, newest first' })
  @ApiOkResponse({ type: OrderPage })
  @ApiProblem(400)
  listOrders(@Query() query: OrdersQuery): Promise<OrderPage> {
    return this.orders.all(query);
  }

  @Get('projects/:projectId/orders')
  @ApiOperation({ summary: "A project's orders, newest first" })
  @ApiOkResponse({ type: OrderPage })
  @ApiProblem(400, 404, 410)
  listProjectOrders(@TaskId() taskId: string, @Query() query: ProjectOrdersQuery): Promise<OrderPage> {
    return this.orders.ofProject(taskId, query);
  }

  @Get('projects/:projectId/orders/:revision')
  @ApiOperation({ summary: 'An order, with what it has come to' })
  @ApiOkResponse({ type: OrderDetailView })
  @ApiProblem(404, 410)
  getOrder(@TaskId() taskId: string, @Revision() revision: number): Promise<OrderDetailView> {
    return this.orders.one(taskId, revision);
  }
}
