ALTER TABLE "sessions" ADD COLUMN "earlier_generation" integer;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "earlier_rotations" "bytea";--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "earlier_rotated_at" timestamp with time zone[];