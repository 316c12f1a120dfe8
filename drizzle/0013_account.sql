DROP INDEX "noticed_events";--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "device_name" text;--> statement-breakpoint
CREATE INDEX "noticed_events" ON "audit_events" USING btree ("at") WHERE event IN ('signed_out', 'session_revoked', 'refresh_token_reused', 'session_limit_reached', 'account_disabled', 'account_deleted', 'password_changed', 'subscription_changed', 'profile_changed');