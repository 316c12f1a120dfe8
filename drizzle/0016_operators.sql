ALTER TABLE "audit_events" ADD COLUMN "request_id" text;--> statement-breakpoint
ALTER TABLE "audit_events" ADD COLUMN "details" jsonb;--> statement-breakpoint
CREATE INDEX "accounts_in_time" ON "accounts" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "accounts_disabled" ON "accounts" USING btree ("created_at","id") WHERE disabled_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX "accounts_by_email" ON "accounts" USING btree ("email" text_pattern_ops);--> statement-breakpoint
CREATE INDEX "audit_events_in_time" ON "audit_events" USING btree ("at","id");