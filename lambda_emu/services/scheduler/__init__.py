"""scheduler: EventBridge Scheduler: schedules and their groups. What is due lies in the timetable."""
